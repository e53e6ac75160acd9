/** The word that a trial's command line, and no other, carries; its value tells trials apart. */
export const TRIAL_KEY = "passthrough.trial";

/** The unit that takes a trial boot back unless it is confirmed. */
export const GUARD_UNIT = "passthrough-trial.service";

/** What a trial's command line has beyond the one that is tried. */
export interface TrialWords {
  readonly id: string;
  /** Whether a watchdog can reset the host when its init hangs. */
  readonly hasWatchdog: boolean;
}

/** Seconds that a panic stays on the screen before the host restarts. */
const PANIC_SECONDS = 10;
const WATCHDOG_SECONDS = 60;

/**
 * Words that bring a host back: from a panic, from an initramfs that finds no root (initramfs-tools looks at `panic=`,
 * dracut at the two `rd.` words), from an init that hangs, and from a boot that nobody confirms. The unit is asked for by
 * a word, since an init that goes to another target than the usual one, such as emergency.target, starts it all the same.
 */
export function listTrialWords({ id, hasWatchdog }: TrialWords): string[] {
  return [
    `panic=${PANIC_SECONDS}`,
    "rd.shell=0",
    "rd.emergency=reboot",
    ...(hasWatchdog ? [`systemd.watchdog_sec=${WATCHDOG_SECONDS}`] : []),
    `systemd.wants=${GUARD_UNIT}`,
    `${TRIAL_KEY}=${id}`,
  ];
}

/** The trial that a command line belongs to. */
export function findTrialId(words: readonly string[]): string | undefined {
  return words.findLast((word) => word.startsWith(`${TRIAL_KEY}=`))?.slice(TRIAL_KEY.length + 1);
}
