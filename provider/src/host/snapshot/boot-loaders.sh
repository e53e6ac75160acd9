# What the boot loaders beside GRUB say of this boot and of the next.

# Variables of the Boot Loader Interface: they are set by the loader that really booted the host, whatever files lie about.
pt_loader_variables() {
  for pt_file in sys/firmware/efi/efivars/*-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f; do
    case ${pt_file##*/} in
      LoaderInfo-* | LoaderFeatures-* | LoaderEntryDefault-* | LoaderEntryOneShot-* | StubInfo-*)
        pt_section loader-variable "${pt_file##*/}"
        od -An -v -tu1 "$pt_file"
        ;;
    esac
  done
}

# pt_inspect_image FILE: of a unified kernel image, the size of its signature, and where its command line lies and how
# long it is. All of it stands in the headers of the PE format; sections may be padded, so the smaller size counts.
pt_inspect_image() {
  od -An -v -tu1 -N4096 "$1" | awk '
    { for (i = 1; i <= NF; i++) b[n++] = $i }
    function word(at) { return b[at] + 256 * b[at + 1] }
    function long(at) { return word(at) + 65536 * word(at + 2) }
    END {
      pe = long(60)
      if (b[0] != 77 || b[1] != 90 || b[pe] != 80 || b[pe + 1] != 69) exit 1
      options = pe + 24
      certificate = options + (word(options) == 523 ? 112 : 96) + 32
      name = "46 99 109 100 108 105 110 101"
      for (s = 0; s < word(pe + 6); s++) {
        at = options + word(pe + 20) + 40 * s
        text = b[at]
        for (i = 1; i < 8; i++) text = text " " b[at + i]
        if (text != name) continue
        size = long(at + 8) < long(at + 16) ? long(at + 8) : long(at + 16)
        print long(certificate + 4), long(at + 20), size
        exit
      }
      print long(certificate + 4), 0, 0
    }'
}

# pt_image_words FILE START SIZE: the command line inside.
pt_image_words() {
  [ "$3" -gt 0 ] && tail -c "+$(($2 + 1))" "$1" | head -c "$3" | tr -d '\0'
}

pt_unified_images() {
  for pt_file in boot/EFI/Linux/*.efi boot/efi/EFI/Linux/*.efi efi/EFI/Linux/*.efi; do
    [ -f "$pt_file" ] || continue
    # shellcheck disable=SC2046 # three numbers
    set -- $(pt_inspect_image "$pt_file")
    pt_section unified-image "$pt_file"
    printf '%s\n' "${1:--}"
    pt_image_words "$pt_file" "${2:-0}" "${3:-0}"
    printf '\n'
  done
}

# The next boot's arguments, as rpm-ostree itself says them.
pt_deployment() {
  [ -e run/ostree-booted ] && command -v rpm-ostree >/dev/null 2>&1 || return 0
  pt_section deployment
  timeout 60 rpm-ostree kargs 2>/dev/null
}

pt_other_loaders() {
  pt_loader_variables
  pt_unified_images
  pt_deployment
}
