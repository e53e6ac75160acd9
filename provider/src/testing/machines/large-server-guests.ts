/** XML of a guest of the large server that has these functions of the host in its configuration. */
export function renderGuest(name: string, index: number, functions: readonly string[]): string {
  const devices = functions.map((address) => {
    const [, domain, bus, slot, number] = /^(\w{4}):(\w\w):(\w\w)\.(\w)$/.exec(address) ?? [];
    return [
      "    <hostdev mode='subsystem' type='pci' managed='yes'>",
      "      <source>",
      `        <address domain='0x${domain ?? ""}' bus='0x${bus ?? ""}' slot='0x${slot ?? ""}' function='0x${number ?? ""}'/>`,
      "      </source>",
      "    </hostdev>",
    ].join("\n");
  });
  return `<domain type='kvm'>
  <name>${name}</name>
  <uuid>7d3f2a10-4c1b-4e55-9b0a-00000000000${index}</uuid>
  <memory unit='KiB'>67108864</memory>
  <currentMemory unit='KiB'>67108864</currentMemory>
  <vcpu placement='static'>32</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
  </os>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='pci' index='0' model='pcie-root'/>
${devices.join("\n")}
    <memballoon model='virtio'/>
  </devices>
</domain>
`;
}
