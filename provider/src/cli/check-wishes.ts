import { HostIommuConfigInputs } from "../resources/host-iommu-config/inputs";
import { UsageError } from "./failure";
import { iommuWishes, type WishOptions } from "./wish-options";

/** Refuses wishes that no host can fulfil, before one is asked. */
export function checkWishes(options: WishOptions): void {
  const parsed = HostIommuConfigInputs.safeParse({ host: "any", ...iommuWishes(options) });
  if (parsed.success) return;
  throw new UsageError(parsed.error.issues.map(({ path, message }) => `${nameWish(path)}: ${message}`).join("; "));
}

function nameWish([name]: readonly PropertyKey[]): string {
  if (name === "kernelArguments") return "--kernel-argument";
  if (name === "trialBoot") return "--confirm-timeout";
  return String(name);
}
