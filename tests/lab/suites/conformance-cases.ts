/** A script that both hosts run, and a part of what the real one prints: what the case is about. */
export interface Case {
  readonly what: string;
  readonly script: string;
  readonly shows: string;
}

const SUBSYSTEM = "mode='subsystem' type='pci'";
const NIC = "sys/bus/pci/devices/0000:01:00.0";
const SHOW_NIC = `echo "driver $(basename "$(readlink ${NIC}/driver)") override $(cat ${NIC}/driver_override)"\n`;
const SHOW_DEVICES = `virsh -q dumpxml --inactive guest | sed -n "/<controller type='pci'/,/<\\/controller>/p; /<hostdev/,/<\\/hostdev>/p"\n`;

/** Writes a hostdev with these attributes and children to the file of the next command. */
function hostdev(attributes: string, address: string, more = ""): string {
  return `cat >tmp/hostdev.xml <<'XML'
<hostdev ${attributes}><source><address ${address}/></source>${more}</hostdev>
XML
`;
}

function attachAndShow(attributes: string, address: string, more = ""): string {
  return hostdev(attributes, address, more) + change("attach") + SHOW_DEVICES + change("detach") + SHOW_DEVICES;
}

function change(verb: "attach" | "detach"): string {
  return `q ${verb}-device guest tmp/hostdev.xml --config\n`;
}

function checkScript(text: string): string {
  return `cat >tmp/menu.cfg <<'MENU'\n${text}MENU\ncd tmp && grub-script-check menu.cfg; echo "status $?"\n`;
}

/** What the tools do while no IOMMU translates. */
export const CASES_WITHOUT_IOMMU: readonly Case[] = [
  { what: "no IOMMU groups", script: "ls sys/kernel/iommu_groups sys/class/iommu\n", shows: "sys/class/iommu:\n" },
  {
    what: "libvirt refuses to detach",
    script: `q nodedev-detach pci_0000_01_00_0\n${SHOW_NIC}`,
    shows: "driver e1000e override (null)",
  },
  {
    what: "the kernel does not bind to vfio-pci",
    script: `modprobe vfio-pci
echo vfio-pci | tee ${NIC}/driver_override
echo 0000:01:00.0 | tee ${NIC}/driver/unbind
echo 0000:01:00.0 | tee sys/bus/pci/drivers_probe
test -e ${NIC}/driver; echo "bound $?"
echo | tee ${NIC}/driver_override
echo 0000:01:00.0 | tee sys/bus/pci/drivers_probe
${SHOW_NIC}`,
    shows: "bound 1",
  },
  {
    what: "a guest with a host device does not start",
    script: `${hostdev("mode='subsystem' type='pci' managed='yes'", "bus='1'")}q attach-device guest tmp/hostdev.xml --config
q start guest
q domstate guest
q detach-device guest tmp/hostdev.xml --config
${SHOW_NIC}`,
    shows: "shut off",
  },
];

const NODE_CASES: readonly Case[] = [
  {
    what: "detaching and giving back, twice each",
    script: `for verb in detach detach reattach reattach; do
  q nodedev-$verb pci_0000_01_00_0
  ${SHOW_NIC}done
`,
    shows: "status 0\ndriver vfio-pci override vfio-pci",
  },
  {
    what: "the boot id",
    script:
      "cat proc/sys/kernel/random/boot_id proc/sys/kernel/random/boot_id | uniq | grep -cE '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'\n",
    shows: "1\n",
  },
  {
    what: "detaching a bridge leaves it without a driver, and says nothing",
    script: `for node in 02_00_0 00_05_0; do
  q nodedev-detach pci_0000_$node
  readlink sys/bus/pci/devices/0000:02:00.0/driver sys/bus/pci/devices/0000:00:05.0/driver
  cat sys/bus/pci/devices/0000:02:00.0/driver_override sys/bus/pci/devices/0000:00:05.0/driver_override
  q nodedev-reattach pci_0000_$node
done
readlink sys/bus/pci/devices/0000:00:05.0/driver
`,
    shows: "status 0\n(null)\nvfio-pci\nstatus 0\n",
  },
  {
    what: "a node device that is not there",
    script: "for verb in detach reattach dumpxml; do q nodedev-$verb pci_0000_09_00_0; done\n",
    shows: "status 1",
  },
  {
    what: "a member of a group that stays behind keeps its driver",
    script: `q nodedev-detach pci_0000_03_01_0
basename "$(readlink sys/bus/pci/devices/0000:03:02.0/driver)"
ls dev/vfio
q nodedev-reattach pci_0000_03_01_0
ls dev/vfio
`,
    shows: "status 0\ne1000\n8\nvfio",
  },
];

const DOMAIN_CASES: readonly Case[] = [
  {
    what: "a domain that is not there",
    script: `touch tmp/hostdev.xml
for command in dumpxml domstate domuuid start destroy; do q $command nosuch; done
q attach-device nosuch tmp/hostdev.xml --config
`,
    shows: "status 1",
  },
  { what: "lists", script: "q list --all; q list --all --name; q list; q list --uuid\n", shows: "guest" },
  { what: "the whole list", script: "virsh -c qemu:///system list --all\n", shows: "Id" },
  { what: "a file that is not there", script: "q attach-device guest tmp/nosuch --config\n", shows: "status 1" },
  {
    what: "a device that is there already, and one that is not there",
    script: `${hostdev("mode='subsystem' type='pci' managed='yes'", "bus='1'")}for verb in attach attach detach detach; do
  q $verb-device guest tmp/hostdev.xml --config
done
q detach-device guest tmp/hostdev.xml --live
`,
    shows: "status 0\nstatus 1\nstatus 0\nstatus 1",
  },
  {
    what: "stopping what does not run",
    script: "q destroy guest; virsh -c qemu:///system destroy guest\n",
    shows: "status 1",
  },
  {
    what: "a password shows only where it is asked for",
    script: `cat >tmp/vnc.xml <<'XML'
<domain type='qemu'><name>vnc</name><memory unit='KiB'>65536</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><graphics type='vnc' port='-1' autoport='yes' passwd='s3cret'/></devices></domain>
XML
q define tmp/vnc.xml
for options in --inactive "--inactive --security-info"; do
  virsh -q -c qemu:///system dumpxml $options vnc | grep '<graphics'
done
q undefine vnc
`,
    shows: "passwd='s3cret'",
  },
];

// The number of a running domain counts the starts since the daemon began, so only its name is compared.
const RUNNING_CASES: readonly Case[] = [
  {
    what: "a running guest holds its device, and gives it back when it stops",
    script: `${hostdev(`${SUBSYSTEM} managed='yes'`, "bus='1'")}q attach-device guest tmp/hostdev.xml --config
q start guest
${SHOW_NIC}for verb in detach reattach; do q nodedev-$verb pci_0000_01_00_0; done
q start guest
q list --name
q destroy guest
${SHOW_NIC}q detach-device guest tmp/hostdev.xml --config
`,
    shows: "driver vfio-pci override vfio-pci\nstatus 1\nstatus 1",
  },
];

const HOSTDEV_CASES: readonly Case[] = [
  {
    what: "decimal numbers, no mode and no managed",
    script: attachAndShow("type='pci'", "bus='1' slot='0'"),
    shows: "<hostdev mode='subsystem' type='pci' managed='no'>",
  },
  {
    what: "wide hexadecimal numbers",
    script: attachAndShow(`${SUBSYSTEM} managed='yes'`, "domain='0x0' bus='0x001' slot='0x0' function='0x00'"),
    shows: "<address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>",
  },
  {
    what: "an alias of our own stays",
    script: attachAndShow(`${SUBSYSTEM} managed='yes'`, "bus='0x01'", "<alias name='ua-passthrough-x'/>"),
    shows: "<alias name='ua-passthrough-x'/>",
  },
  {
    what: "any other alias goes",
    script: attachAndShow(`${SUBSYSTEM} managed='yes'`, "bus='0x01'", "<alias name='hostdev7'/>"),
    shows: "status 0",
  },
  {
    what: "a managed that is no word of libvirt's",
    script: attachAndShow(`${SUBSYSTEM} managed='YES'`, "bus='0x01'"),
    shows: "status",
  },
  {
    what: "octal and capital numbers",
    script: attachAndShow(SUBSYSTEM, "bus='010' slot='0X1'"),
    shows: "<address domain='0x0000' bus='0x08' slot='0x01' function='0x0'/>",
  },
  {
    what: "children in another order",
    script: attachAndShow(
      `managed='yes' ${SUBSYSTEM}`,
      "bus='0x01'",
      "<rom bar='off'/><alias name='ua-x'/><driver name='vfio'/>",
    ),
    shows: "<driver name='vfio'/>",
  },
  {
    what: "numbers out of range",
    script: attachAndShow(SUBSYSTEM, "bus='0x01' slot='0x20'") + attachAndShow(SUBSYSTEM, "bus='one'"),
    shows: "status 1",
  },
  {
    what: "conventional devices, and the controllers that come for them",
    script: `for slot in 1 2; do
  sed "s/SLOT/$slot/" >tmp/hostdev$slot.xml <<'XML'
<hostdev mode='subsystem' type='pci' managed='yes'><source><address bus='3' slot='SLOT'/></source></hostdev>
XML
  q attach-device guest tmp/hostdev$slot.xml --config
done
${SHOW_DEVICES}
for slot in 2 1; do q detach-device guest tmp/hostdev$slot.xml --config; done
${SHOW_DEVICES}`,
    shows: "model='pcie-to-pci-bridge'",
  },
];

const SYSFS_CASES: readonly Case[] = [
  {
    what: "sysfs: an override decides at the next probe",
    script: `modprobe vfio-pci
cat ${NIC}/driver_override
echo vfio-pci | tee ${NIC}/driver_override
${SHOW_NIC}echo 0000:01:00.0 | tee ${NIC}/driver/unbind
test -e ${NIC}/driver; echo "bound $?"
echo 0000:01:00.0 | tee sys/bus/pci/drivers_probe
${SHOW_NIC}echo | tee ${NIC}/driver_override
${SHOW_NIC}echo 0000:01:00.0 | tee ${NIC}/driver/unbind
echo 0000:01:00.0 | tee sys/bus/pci/drivers_probe
${SHOW_NIC}`,
    shows: "(null)\nvfio-pci\ndriver e1000e override vfio-pci",
  },
  {
    what: "sysfs: writes that the kernel refuses",
    script: `cd sys/bus/pci
for file in drivers/e1000/unbind drivers/e1000e/bind drivers/vfio-pci/bind; do
  echo 0000:01:00.0 | tee $file; echo "status $?"
done
echo 0000:09:00.0 | tee drivers_probe; echo "status $?"
echo nonsense | tee drivers_probe; echo "status $?"
`,
    shows: "status 1",
  },
  {
    what: "sysfs: a probe without a driver that matches binds nothing",
    script: `echo nosuch | tee ${NIC}/driver_override
echo 0000:01:00.0 | tee ${NIC}/driver/unbind
echo 0000:01:00.0 | tee sys/bus/pci/drivers_probe; echo "status $?"
test -e ${NIC}/driver; echo "bound $?"
echo | tee ${NIC}/driver_override
echo 0000:01:00.0 | tee sys/bus/pci/drivers_probe
${SHOW_NIC}`,
    shows: "bound 1",
  },
];

const GRUB_CASES: readonly Case[] = [
  { what: "a menu without a fault", script: checkScript("menuentry x {\n linux /x\n}\n"), shows: "status 0" },
  { what: "an empty menu", script: checkScript(""), shows: "status 1" },
  { what: "a menu of comments", script: checkScript("# nothing\n"), shows: "status 1" },
  { what: "a menu with an open brace", script: checkScript("menuentry x {\n"), shows: "status 1" },
  { what: "a menu with an open quote", script: checkScript("menuentry 'x {\n}\n"), shows: "status 1" },
  { what: "a menu with an open condition", script: checkScript("if true; then\n echo a\n"), shows: "status 1" },
  { what: "a menu with a brace too many", script: checkScript("echo a\n}\n"), shows: "status 1" },
  { what: "a menu that is not there", script: "grub-script-check tmp/nosuch.cfg >tmp/out 2>&1; echo $?\n", shows: "1" },
  {
    what: "the words of the kernel lines",
    script: `cp etc/default/grub tmp/grub
cat >>etc/default/grub <<'GRUB'
GRUB_CMDLINE_LINUX='console=ttyS0  audit=0'
OPERATOR=loglevel=3
GRUB_CMDLINE_LINUX_DEFAULT="quiet $OPERATOR"
GRUB
echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX nosoftlockup"' >etc/default/grub.d/99-conformance.cfg
grub-mkconfig 2>tmp/out | sed -n 's/^[[:space:]]*linux[[:space:]].* ro //p' | sort -u
cp tmp/grub etc/default/grub
rm etc/default/grub.d/99-conformance.cfg
`,
    shows: "console=ttyS0  audit=0 nosoftlockup quiet loglevel=3\n",
  },
];

/** What the tools do while the IOMMU is on. */
export const CASES_WITH_IOMMU: readonly Case[] = [
  ...NODE_CASES,
  ...DOMAIN_CASES,
  ...HOSTDEV_CASES,
  ...RUNNING_CASES,
  ...SYSFS_CASES,
  ...GRUB_CASES,
];
