import type { Libvirt } from "./daemon";
import { LibvirtError } from "./error";

/** Where the system's libvirt answers, and what virsh asks when it runs as root and is told nothing else. */
export const DEFAULT_URI = "qemu:///system";

const HEADLINE = "failed to connect to the hypervisor";

/**
 * The libvirt that answers at a URI. A URI that nobody serves is refused in the words that libvirt has for
 * VIR_ERR_NO_CONNECT (src/util/virerror.c), and a socket that is not there in those of src/rpc/virnetsocket.c.
 */
export function connect(libvirts: ReadonlyMap<string, Libvirt>, uri: string): Libvirt {
  const libvirt = libvirts.get(uri);
  if (libvirt?.isRunning === true) return libvirt;
  const socket = libvirt === undefined ? /[?&]socket=([^&]*)/.exec(uri)?.[1] : "/var/run/libvirt/libvirt-sock";
  if (socket === undefined) throw new LibvirtError(`no connection driver available for ${uri}`, HEADLINE);
  throw new LibvirtError(`Failed to connect socket to '${socket}': No such file or directory`, HEADLINE);
}
