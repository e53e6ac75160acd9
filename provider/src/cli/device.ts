import { InvalidArgumentError } from "commander";
import { DeviceSelector } from "../model/pci/selector";

/** Reads a device of the command line: its address, or its `vendor:device` id where that is unique on the host. */
export function parseDevice(text: string): DeviceSelector {
  const isId = /^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(text.trim());
  const parsed = DeviceSelector.safeParse(isId ? { id: text } : { address: text });
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`${parsed.error.issues.map(({ message }) => message).join("; ")}.`);
}
