/** Where the agent guest writes what it sees. */
export const AGENT_GUEST_LOG = "/var/log/libvirt/qemu/agent-guest-serial.log";

/**
 * The inner guest of the bare host, which lists its PCI functions on the serial line and then stays on, with QEMU's guest agent.
 * Kernel and initial ramdisk lie on the host; see tests/lab/images/bare.sh.
 */
export const AGENT_GUEST = `<domain type='qemu'>
  <name>agent-guest</name>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>/var/lib/libvirt/images/guest-vmlinuz</kernel>
    <initrd>/var/lib/libvirt/images/agent-guest-initrd.cpio</initrd>
    <cmdline>console=ttyS0 panic=1</cmdline>
  </os>
  <features>
    <acpi/>
  </features>
  <devices>
    <serial type='file'>
      <source path='${AGENT_GUEST_LOG}'/>
      <target port='0'/>
    </serial>
    <channel type='unix'>
      <target type='virtio' name='org.qemu.guest_agent.0'/>
    </channel>
  </devices>
</domain>
`;
