import type { KnownError } from "./entry";

/** What the host, the connection to it, and the provider itself say. */
export const HOST_ERRORS: readonly KnownError[] = [
  {
    id: "PT-E21",
    title: "The device does not leave its driver",
    foreign: ["it did not return within {number} s; something on the host still uses {address} (driver {word})"],
    own: [],
    cause:
      "the host's driver waits until nobody uses {address} any more. A display server, nvidia-persistenced, a container or an open device file keeps it",
    remedy:
      "end what uses it (for a graphics card: fuser -v /dev/dri/* /dev/nvidia*), or bind the device at boot: with persist, and a restart of the host, the driver never has it",
  },
  {
    id: "PT-E22",
    title: "The address is not written as it has to be",
    foreign: [],
    own: ["is not a PCI address; expected domain:bus:slot.function in hexadecimal"],
    cause: "an address of another form is silently ignored by kernels and tools, so it is refused here",
    remedy: "write it as lspci -D shows it, such as 0000:01:00.0",
  },
  {
    id: "PT-E23",
    title: "The session is not root's",
    foreign: ["Operation requires privileges", "authentication unavailable: no polkit agent available"],
    own: ["the session runs as user id {number}, not as root"],
    cause: "reading and changing devices, boot files and the system's libvirt needs root",
    remedy: "set host.sudo, or log in as root",
  },
  {
    id: "PT-E24",
    title: "The kernel makes no virtual functions: memory",
    foreign: [
      "the kernel refused to write {number} to sriov_numvfs of {address}: Cannot allocate memory",
      "not enough MMIO resources for SR-IOV",
    ],
    own: [],
    cause:
      "the firmware has left too little memory, or too few bus numbers, for that many virtual functions of {address}",
    remedy:
      'switch on SR-IOV and "above 4G decoding" in the firmware\'s menu, or try pci=realloc in kernelArguments of a HostIommuConfig; fewer functions may work',
  },
  {
    id: "PT-E25",
    title: "The driver makes no virtual functions",
    foreign: [
      "the kernel refused to write {number} to sriov_numvfs of {address}",
      "driver {word} accepted {number} virtual functions of {address}, but it has {number} of them",
    ],
    own: [],
    cause:
      "the driver of {address} did not make them: some want their network interface up, some a setting of the card's own firmware",
    remedy: "set the interface up (ip link set … up), look at the last lines of dmesg on the host, and run again",
  },
  {
    id: "PT-E26",
    title: "Virtual functions are in use",
    foreign: [
      "the write of {number} to sriov_numvfs of {address} did not return within {number} s; something still uses a virtual function",
    ],
    own: ["takes all virtual functions of {address} away before it makes new ones; end that use first"],
    cause: "the number of virtual functions changes only by way of none, and one of {address} is in use",
    remedy: "shut down the guests that have them, and take addresses and bridges off their interfaces",
  },
  {
    id: "PT-E27",
    title: "The disk of the host is full, or cannot be written to",
    foreign: ["Read-only file system", "No space left on device"],
    own: ["is the disk full?"],
    cause: "a file could not be written",
    remedy:
      "free some space, or see why the file system is mounted read-only (findmnt, dmesg); systems with an immutable /etc or /usr need their own tools",
  },
  {
    id: "PT-E28",
    title: "The host's key is not known",
    foreign: [],
    own: ["its host key is not known"],
    cause: "nothing vouches yet for the machine that answers",
    remedy:
      "compare the fingerprint with what the host itself says on its console, then add the line that the message shows to known_hosts, or put the fingerprint into host.hostKey",
  },
  {
    id: "PT-E29",
    title: "The host shows another key",
    foreign: [],
    own: ["the server shows the host key"],
    cause: "the host was set up anew, or another machine answers in its place",
    remedy: "find out which of the two it is before anything else; only then replace the old key",
  },
  {
    id: "PT-E30",
    title: "Another change is under way on the host",
    foreign: [],
    own: ["has held the lock /var/lib/passthrough/lock for more than {number} s", "a package manager is at work"],
    cause: "the provider, or the package manager, is changing the host; two at a time would spoil each other's work",
    remedy: "wait until it has ended and run again; the message names who holds the lock",
  },
];
