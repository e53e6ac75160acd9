#!/bin/sh
# Called by a transaction at each of its steps; asks the tests only when a fault waits for a step.
printf '%s\n' "$1" >>"$SIMULATED_HOST/steps" 2>/dev/null
[ -e "$SIMULATED_HOST/armed" ] || exit 0
exec "$SIMULATED_HOST/lib/step" "$@"
