import type { Definition } from "../definition";
import { VirtualizationHostInputs } from "./inputs";
import { planVirtualization } from "./plan";
import { planVirtualizationRemoval } from "./removal-plan";
import { describeHost, requireVirtualization, type VirtualizationHostState } from "./state";

type Inputs = VirtualizationHostInputs;
type State = VirtualizationHostState;

/** VirtualizationHost: the packages and daemons that a host needs to run guests. */
export const virtualizationHost: Definition<Inputs, State> = {
  kind: "VirtualizationHost",
  schema: VirtualizationHostInputs,
  computed: ["connectUri"],
  reading: ({ packages }) => ({ packages: packages ?? "default" }),
  // What is installed may have to go again, and libvirt may take minutes to answer for the first time.
  changeTimeoutSeconds: ({ timeoutSeconds }) => timeoutSeconds * 2 + 1800,
  precheck: () => [],
  plan: planVirtualization,
  basis: (_inputs, facts) => {
    const { dryRun, installed, units } = requireVirtualization(facts);
    return [
      dryRun?.sha256 ?? "",
      ...installed.map(({ name, version }) => `${name} ${version}`),
      ...units.map(({ name, load, file, active }) => `${name} ${load} ${file} ${isLasting(name) ? active : ""}`),
    ];
  },
  state: ({ facts }) => describeHost(facts),
  observe: (_inputs, _old, facts) => ({ kind: "present", state: describeHost(facts) }),
  planRemoval: (inputs, _state, facts) => planVirtualizationRemoval(inputs, facts),
  identify: () => "virtualization",
  replaces: () => [],
};

/** Services end by themselves when nobody calls for two minutes; sockets stay. */
function isLasting(unit: string): boolean {
  return unit.endsWith(".socket");
}
