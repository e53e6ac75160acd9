import type { MachineFunction } from "../machine";

/** What a function is, without where it is. */
export type Part = Omit<MachineFunction, "address" | "parent" | "driver"> & { readonly driver?: string | undefined };

/** Slots of a root complex that have ports, as AMD's 9004 series numbers them; function 0 is a dummy bridge. */
const PORT_SLOTS = [1, 2, 3, 4, 5];
const PORTS_PER_SLOT = 7;

const ROOT_PORT: Part = { id: "1022:14ab", class: "060400", driver: "pcieport", resetMethods: "pm" };

/** Root complex of AMD's 9004 series: what is in each one of them, whatever is plugged in. */
interface Complex {
  readonly bus: number;
  readonly node: number;
  /** First bus below it that is free. */
  nextBus: number;
  /** Ports that it has, for the next one's place. */
  ports: number;
}

/** Makes the functions of a server: addresses, buses, groups and nodes follow from what is put where. */
export class ServerBuilder {
  readonly functions: MachineFunction[] = [];
  /** The USB controller that the management controller's keyboard hangs on. */
  consoleUsb = "";
  readonly #complexes = new Map<number, Complex>();
  #nextGroup = 0;

  newGroup(): number {
    return this.#nextGroup++;
  }

  /** A root complex with its IOMMU, its dummy bridges, and the internal bus with encryption and USB. */
  addRootComplex(bus: number, node: number): void {
    const complex: Complex = { bus, node, nextBus: bus + 1, ports: 0 };
    this.#complexes.set(bus, complex);
    this.#add(complex, address(bus, 0, 0), { id: "1022:14a4", class: "060000" });
    // The IOMMU itself is never translated.
    this.functions.push({ address: address(bus, 0, 2), id: "1022:149e", class: "080600", numaNode: node });
    this.#add(complex, address(bus, 0, 3), { id: "1022:14a6", class: "080700" });
    for (const slot of [...PORT_SLOTS, 7])
      this.#add(complex, address(bus, slot, 0), { id: "1022:149f", class: "060000" });
    const internal = this.#add(complex, address(bus, 7, 1), { ...ROOT_PORT, id: "1022:14a7" });
    const group = this.newGroup();
    const below = this.#newBus(complex);
    this.#add(complex, address(below, 0, 0), { id: "1022:14ac", class: "130000", group }, internal);
    if (bus % 0x40 !== 0) return;
    const usb = { id: "1022:14c9", class: "0c0330", driver: "xhci_hcd", resetMethods: "pm", group };
    this.consoleUsb ||= address(below, 0, 4);
    this.#add(complex, address(below, 0, 4), usb, internal);
    this.#add(complex, address(below, 0, 5), { id: "1022:14ca", class: "108000", driver: "ccp", group }, internal);
  }

  /** What stands on the first bus only: SMBus and LPC, and eight functions of data fabric for each socket. */
  addChipset(): void {
    const complex = this.#complex(0);
    const group = this.newGroup();
    this.#add(complex, address(0, 0x14, 0), { id: "1022:790b", class: "0c0500", driver: "piix4_smbus", group });
    this.#add(complex, address(0, 0x14, 3), { id: "1022:790e", class: "060100", group });
    for (const slot of [0x18, 0x19]) {
      const fabric = this.newGroup();
      for (let number = 0; number < 8; number++) {
        const id = `1022:${(0x14ad + number).toString(16)}`;
        this.#add(complex, address(0, slot, number), { id, class: "060000", group: fabric });
      }
    }
  }

  /** A root port of a complex with functions below it. */
  addEndpoints(bus: number, parts: readonly Part[], options: { readonly isIsolated?: boolean } = {}): string[] {
    return this.addBelow(this.#addPort(this.#complex(bus)), parts, options);
  }

  /** A root port with a bridge below it, whose address is returned. */
  addBridge(bus: number, part: Part): string {
    return this.addBelow(this.#addPort(this.#complex(bus)), [part])[0] ?? "";
  }

  /** A port of the bus below a bridge. */
  addPortBelow(bridge: string, part: Part): string {
    const complex = this.#complexOf(bridge);
    const siblings = this.functions.filter((one) => one.parent === bridge);
    const [first] = siblings;
    const bus = first === undefined ? this.#newBus(complex) : busOf(first.address);
    return this.#add(complex, address(bus, siblings.length, 0), { resetMethods: "pm", ...part }, bridge);
  }

  /** Functions of one device on a new bus below a port or bridge; they share a group unless they are isolated from each other. */
  addBelow(parent: string, parts: readonly Part[], { isIsolated = false } = {}): string[] {
    const complex = this.#complexOf(parent);
    const bus = this.#newBus(complex);
    const shared = isIsolated ? {} : { group: this.newGroup() };
    return parts.map((part, number) => this.#add(complex, address(bus, 0, number), { ...shared, ...part }, parent));
  }

  #addPort(complex: Complex): string {
    const slot = PORT_SLOTS[Math.floor(complex.ports / PORTS_PER_SLOT)];
    if (slot === undefined) throw new Error(`root complex ${complex.bus.toString(16)} has no port left`);
    const number = (complex.ports % PORTS_PER_SLOT) + 1;
    complex.ports++;
    return this.#add(complex, address(complex.bus, slot, number), ROOT_PORT);
  }

  #add(complex: Complex, at: string, part: Part, parent?: string): string {
    const { driver, group = this.newGroup(), ...rest } = part;
    this.functions.push({
      ...rest,
      address: at,
      group,
      numaNode: complex.node,
      ...(driver !== undefined && { driver }),
      ...(parent !== undefined && { parent }),
    });
    return at;
  }

  #newBus(complex: Complex): number {
    return complex.nextBus++;
  }

  #complexOf(at: string): Complex {
    const bus = busOf(at);
    const owner = [...this.#complexes.keys()].filter((first) => first <= bus).sort((a, b) => b - a)[0];
    return this.#complex(owner ?? 0);
  }

  #complex(bus: number): Complex {
    const complex = this.#complexes.get(bus);
    if (complex === undefined) throw new Error(`there is no root complex at bus ${bus.toString(16)}`);
    return complex;
  }
}

function address(bus: number, slot: number, number: number): string {
  return `0000:${hex(bus)}:${hex(slot)}.${number}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}

function busOf(at: string): number {
  return parseInt(at.slice(5, 7), 16);
}
