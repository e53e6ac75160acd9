import { GUARD_UNIT, TRIAL_KEY } from "./words";

/** Where the unit lies while a trial is under way. */
export const GUARD_PATH = `/etc/systemd/system/${GUARD_UNIT}`;

/** What a trial boot that was taken back has left for the next run to read. */
export const REPORT_PATH = "/var/lib/passthrough/trial-report";

/**
 * A unit that restarts the host unless it is stopped in time. It starts first of all and depends on nothing, and a change
 * of the target, such as a fall into emergency mode, leaves it running. Before it restarts, it leaves what the boot said
 * in a file, as far as there is a file system that can be written to; then it restarts without asking anyone, since a
 * boot that hangs may also hang when it is asked to end.
 */
export function renderGuardUnit(id: string, timeoutSeconds: number): string {
  return `# pulumi-passthrough: takes a trial boot back unless it is confirmed; removed with the trial.
[Unit]
Description=Restart unless the trial of a kernel command line is confirmed
DefaultDependencies=no
IgnoreOnIsolate=yes
Conflicts=shutdown.target
Before=shutdown.target
ConditionKernelCommandLine=${TRIAL_KEY}=${id}

[Service]
Type=simple
ExecStart=/bin/sh -c '${renderScript(timeoutSeconds)}'
`;
}

/** One line for a unit file: no single quotes, and `%` and `$` doubled, which systemd would read. */
function renderScript(timeoutSeconds: number): string {
  const report = [
    'echo "not confirmed within ' + String(timeoutSeconds) + ' s"',
    'echo "units that failed: $(systemctl --failed --plain --no-legend 2>&1 | cut -d\\" \\" -f1 | tr \\"\\\\n\\" \\" \\")"',
    'echo "addresses: $(ip -o -4 addr show scope global 2>&1 | tr -s \\" \\" | cut -d\\" \\" -f2,4 | tr \\"\\\\n\\" \\" \\")"',
    "journalctl -b -p warning -n 30 -o cat --no-pager 2>&1",
  ].join("; ");
  const parts = [
    `sleep ${timeoutSeconds}`,
    "mount -o remount,rw / 2>/dev/null",
    `{ ${report}; } 2>&1 | tail -c 6000 >${REPORT_PATH}.new && mv -f ${REPORT_PATH}.new ${REPORT_PATH}`,
    "sync",
    "systemctl reboot --force --force",
    "echo b >/proc/sysrq-trigger",
  ];
  return parts.join("; ").replaceAll("%", "%%").replaceAll("$", "$$$$");
}
