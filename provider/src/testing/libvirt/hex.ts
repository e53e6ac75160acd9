/** A number as libvirt writes it in addresses: `0x` and a fixed count of digits. */
export function renderHex(value: number, width: number): string {
  return `0x${value.toString(16).padStart(width, "0")}`;
}
