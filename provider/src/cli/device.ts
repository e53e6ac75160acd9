import { InvalidArgumentError } from "commander";
import { DeviceSelector } from "../model/pci/selector";

/** Reads a device of the command line: its address, or its `vendor:device` id where that is unique on the host. */
export function parseDevice(text: string): DeviceSelector {
  const isId = /^[0-9a-f]{4}:[0-9a-f]{4}$/i.test(text.trim());
  const parsed = DeviceSelector.safeParse(isId ? { id: text } : { address: text });
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(
    `${JSON.stringify(text)} is neither a PCI address such as 01:00.0 (slot 00 to 1f, function 0 to 7) nor an id such as 10de:2684.`,
  );
}
