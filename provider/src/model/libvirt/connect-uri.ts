import { z } from "zod";

/** Where libvirt's system daemon for QEMU answers: what every host has that runs guests in the usual way. */
export const SYSTEM_URI = "qemu:///system";

/** `driver[+transport]://[server]/path[?options]`, without blanks, quotes and control characters. */
const FORM =
  /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:\/\/([^/?#]*)(\/[A-Za-z0-9._~%/@:+,=-]*)(\?[A-Za-z0-9._~%/@:+,;=&-]*)?$/;

/** A libvirt URI of a driver on the host itself. The host is reached over SSH already, so libvirt needs no way of its own. */
export const ConnectUri = z.string().superRefine((text, context) => {
  const match = FORM.exec(text);
  const [, , transport = "unix", server = ""] = match ?? [];
  if (match === null) {
    context.addIssue(`expected a libvirt URI such as ${SYSTEM_URI} or qemu:///session, not ${JSON.stringify(text)}`);
  } else if (transport !== "unix" || server !== "") {
    context.addIssue(
      `${text} leads to another machine; the host is reached over SSH already, so name libvirt as the host itself sees it, such as ${SYSTEM_URI}`,
    );
  }
});
