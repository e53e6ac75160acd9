#!/bin/sh
# Says who the session is on the simulated host: root, or the user before sudo.
if [ "$SIMULATED_USER" = root ]; then number=0; else number=1000; fi
case ${1-} in
-u | -g) echo "$number" ;;
-un | -gn) echo "$SIMULATED_USER" ;;
*) echo "uid=$number($SIMULATED_USER) gid=$number($SIMULATED_USER) groups=$number($SIMULATED_USER)" ;;
esac
