import { existsSync } from "node:fs";
import { findCommand } from "./folders.mjs";
import { sayHeading } from "./output.mjs";
import { download } from "./process.mjs";

/** What each set of tests needs: a Debian package, and a command, or a file by its path, that shows that it is there. */
const NEEDS = {
  tests: [
    ["openssh-server", "sshd"],
    ["openssh-client", "ssh"],
    ["dropbear-bin", "dropbear"],
    ["busybox-static", "busybox"],
    ["libxml2-utils", "xmllint"],
    ["dash", "dash"],
    ["sudo", "sudo"],
    ["chromium", "/usr/bin/chromium"],
    ["fonts-dejavu-core", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"],
  ],
  lab: [
    ["qemu-system-x86", "qemu-system-x86_64"],
    ["qemu-utils", "qemu-img"],
    ["dpkg-dev", "dpkg-scanpackages"],
    ["mmdebstrap", "mmdebstrap"],
    ["gdisk", "sgdisk"],
    ["e2fsprogs", "mke2fs"],
    ["cpio", "cpio"],
    ["dosfstools", "mkfs.vfat"],
    ["xfsprogs", "mkfs.xfs"],
    ["btrfs-progs", "mkfs.btrfs"],
    ["grub-common", "grub-fstest"],
    ["mtools", "mcopy"],
    ["ovmf", "/usr/share/OVMF/OVMF_CODE_4M.fd"],
    ["busybox-static", "busybox"],
    ["openssh-client", "ssh"],
    ["chromium", "/usr/bin/chromium"],
    ["fonts-dejavu-core", "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"],
  ],
};

/** Where system tools lie that an ordinary user's PATH leaves out. */
const SYSTEM_FOLDERS = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/** Makes sure that the system tools of a set of tests are there: installs them on Debian as root, else says which to install. */
export async function ensureSystemPackages(set) {
  const missing = listMissing(set);
  if (missing.length === 0) return;
  if (!mayInstall()) throw new Error(`these tests need system packages: apt-get install ${missing.join(" ")}`);
  sayHeading(`installing system packages: ${missing.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await download(["apt-get", "update", "-q"], { env });
  await download(["apt-get", "install", "-q", "-y", "--no-install-recommends", ...missing], { env });
  const still = listMissing(set);
  if (still.length > 0) throw new Error(`installed, but what they bring is not where it should be: ${still.join(" ")}`);
}

function listMissing(set) {
  return NEEDS[set].filter(([, proof]) => !isThere(proof)).map(([name]) => name);
}

function isThere(proof) {
  return proof.startsWith("/") ? existsSync(proof) : findCommand(proof, SYSTEM_FOLDERS) !== undefined;
}

function mayInstall() {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && findCommand("apt-get") !== undefined;
}
