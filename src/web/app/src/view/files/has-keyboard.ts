/** Who may take the keyboard by itself. */

/** Says whether the keyboard is in a pane, or nowhere. */
export function hasKeyboard(pane: Element | null | undefined): boolean {
  const active = document.activeElement;
  return active === null || active === document.body || pane?.contains(active) === true;
}
