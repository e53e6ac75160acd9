import { Command, CommanderError, Option, type OptionValues } from "commander";
import { doctor, type DoctorOptions } from "./commands/doctor";
import { init, type InitOptions } from "./commands/init";
import { plan, type PlanOptions } from "./commands/plan";
import { survey, type SurveyOptions } from "./commands/survey";
import { EXIT, renderJson, type Context, type ExitCode } from "./context";
import { parseDevice } from "./device";
import { describeFailure, renderFailure, UsageError } from "./failure";
import { addHostOptions } from "./host-options";
import { readVersion } from "./version";
import { addWishOptions } from "./wish-options";

const HOST = "a name from ~/.ssh/config, or user@address:port (IPv6 addresses in brackets)";

/** Runs the command that the words ask for, and returns the exit code. */
export async function runCommand(words: readonly string[], context: Context): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.fine;
  let isJson = false;
  const program = buildProgram(context, async (options, work) => {
    isJson = options["json"] === true;
    exitCode = await work();
  });
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    context.signal.throwIfAborted();
    return fail(error, isJson, context);
  }
}

/** Says what went wrong; a wrong call is told apart, as shells and scripts expect. */
function fail(error: unknown, isJson: boolean, { terminal }: Context): ExitCode {
  // Commander has said what there is to say: help, the version, or what is wrong with the words.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  const failure = describeFailure(error);
  if (isJson) terminal.write(renderJson({ error: failure }));
  terminal.say(renderFailure(failure, terminal));
  return error instanceof UsageError ? EXIT.usage : EXIT.failure;
}

type Run = (options: OptionValues, work: () => Promise<ExitCode>) => Promise<void>;

/** The command line with all its commands; `run` does the work of the one that is asked for. */
export function buildProgram(context: Context, run: Run): Command {
  const { terminal } = context;
  const program = new Command("passthrough")
    .description(
      "PCI passthrough on KVM hosts over SSH: look at hosts, check them, and write programs for pulumi-passthrough.",
    )
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print help for a command")
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: terminal.write,
      writeErr: terminal.say,
      outputError: (text, write) => {
        write(text.replace(/^error:/, terminal.sayPaint.bad("error:")));
      },
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.sayColumns,
    })
    .showHelpAfterError("Try --help.")
    .exitOverride()
    .addHelpText("after", PROGRAM_HELP);
  program.addCommand(surveyCommand(context, run));
  program.addCommand(doctorCommand(context, run));
  program.addCommand(planCommand(context, run));
  program.addCommand(initCommand(context, run));
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

const JSON_OPTION = ["--json", "print JSON on standard output"] as const;
const COLOUR_OPTION = ["--no-color", "no colours; also NO_COLOR and FORCE_COLOR are heeded"] as const;
const DEVICE = "PCI function: its address (01:00.0), or its id (10de:2684) where that is unique";

function surveyCommand(context: Context, run: Run): Command {
  const command = new Command("survey")
    .summary("show the devices of hosts and what could go to a guest")
    .description(
      "Shows the PCI functions of hosts as a tree, with IOMMU group, driver, users and verdict. Reads only; several hosts are read side by side.",
    )
    .argument("<host...>", HOST)
    .option(...JSON_OPTION)
    .option(
      "--html <file>",
      "write a page with pictures of the hosts' topology instead; a file that is there is replaced",
    )
    .addOption(
      new Option("-d, --device <device>", "function that the page is about, by its address").argParser(parseDevice),
    )
    .option(...COLOUR_OPTION);
  return addHostOptions(command)
    .addHelpText("after", SURVEY_HELP)
    .action((hosts: string[], options: SurveyOptions) => run(options, () => survey(hosts, options, context)));
}

function doctorCommand(context: Context, run: Run): Command {
  const command = new Command("doctor")
    .summary("check what passthrough takes, with cause and remedy")
    .description(
      "Goes through what passthrough takes, in the order of the manual guide. Reads only. Exit code 1 when a check fails.",
    )
    .argument("<host>", HOST)
    .addOption(new Option("-d, --device <device>", DEVICE).argParser(parseDevice))
    .option(...JSON_OPTION)
    .option(...COLOUR_OPTION);
  return addHostOptions(command)
    .addHelpText("after", DOCTOR_HELP)
    .action((host: string, options: DoctorOptions) => run(options, () => doctor(host, options, context)));
}

function planCommand(context: Context, run: Run): Command {
  const command = new Command("plan")
    .summary("show what a preview would show of one device, without Pulumi")
    .description(
      "Shows what `pulumi preview` would show of one device on one host: the same plans, the same refusals. Reads only. Exit code 1 when something is refused.",
    )
    .argument("<host>", HOST)
    .addOption(new Option("-d, --device <device>", `${DEVICE} (required)`).argParser(parseDevice))
    .option("-g, --domain <name>", "guest that gets the device: a libvirt domain by name or UUID")
    .option(...JSON_OPTION)
    .option(...COLOUR_OPTION);
  return addHostOptions(addWishOptions(command, { reboot: "never" }))
    .addHelpText("after", PLAN_HELP)
    .action((host: string, options: Partial<PlanOptions>) =>
      run(options, () => plan(host, requireDevice(options), context)),
    );
}

/** Commander asks for what is missing before it says that a word is mistyped. */
function requireDevice(options: Partial<PlanOptions>): PlanOptions {
  if (options.device === undefined) throw new UsageError("required option '-d, --device <device>' not specified");
  return options as PlanOptions;
}

function initCommand(context: Context, run: Run): Command {
  const command = new Command("init")
    .summary("write a Pulumi program that describes a host as it is")
    .description(
      "Writes a Pulumi project in TypeScript that describes a host as it is, so that its first preview changes nothing but what is asked for. Reads the host only, and overwrites no file.",
    )
    .argument("<host>", HOST)
    .addOption(new Option("-d, --device <device>", DEVICE).argParser(parseDevice))
    .option("-g, --domain <name>", "guest that gets the device: a libvirt domain by name or UUID")
    .option("-o, --directory <folder>", "where to write (default: passthrough-HOST)")
    .option(
      "--package <place>",
      "this package in package.json: a version, a tarball, an address (default: this version)",
    )
    .option(...JSON_OPTION)
    .option(...COLOUR_OPTION);
  return addHostOptions(addWishOptions(command, { reboot: "if-required, as a trial, where the IOMMU is off" }))
    .addHelpText("after", INIT_HELP)
    .action((host: string, options: InitOptions) => run(options, () => init(host, options, context)));
}

const PROGRAM_HELP = `
Examples:
  $ passthrough survey kvm1 kvm2
  $ passthrough doctor root@192.0.2.10
  $ passthrough plan kvm1 --device 01:00.0 --domain win11
  $ passthrough init kvm1 --device 01:00.0 --domain win11

Exit codes: 0 all is well, 1 something failed or was refused, 2 the command was not understood, 130 interrupted.`;

const SURVEY_HELP = `
Examples:
  $ passthrough survey kvm1
  $ passthrough survey kvm1 kvm2 kvm3 --html hosts.html
  $ passthrough survey kvm1 --json | jq '.hosts[0].devices[] | select(.verdict.kind == "free")'`;

const DOCTOR_HELP = `
Examples:
  $ passthrough doctor kvm1
  $ passthrough doctor kvm1 --device 01:00.0
  $ passthrough doctor admin@192.0.2.10:2222 --sudo --json`;

const PLAN_HELP = `
Examples:
  $ passthrough plan kvm1 --device 01:00.0
  $ passthrough plan kvm1 --device 10de:2684 --domain win11 --trial-boot
  $ passthrough plan kvm1 --device 04:00.0 --allow network-in-use --json`;

const INIT_HELP = `
Examples:
  $ passthrough init kvm1
  $ passthrough init kvm1 --device 01:00.0 --domain win11 --directory workstation`;
