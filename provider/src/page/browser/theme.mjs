import { makeButton } from "./elements.mjs";
import { icon } from "./icons.mjs";

/** A switch between light and dark. The page begins with what the person's system prefers, and remembers nothing. */
export function makeThemeSwitch() {
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () =>
    (document.documentElement.dataset["theme"] ?? (prefersDark.matches ? "dark" : "light")) === "dark";
  const button = makeButton(
    "tool",
    () => {
      document.documentElement.dataset["theme"] = isDark() ? "light" : "dark";
      button.setAttribute("aria-pressed", String(isDark()));
    },
    icon("theme"),
    "Dark",
  );
  button.setAttribute("aria-pressed", String(isDark()));
  prefersDark.addEventListener("change", () => {
    button.setAttribute("aria-pressed", String(isDark()));
  });
  return button;
}
