/** Fields whose text is replaced more often than it is changed. */

/** Selects the whole text of a field that gets the keyboard, by a click too. */
export function selectAll(field: HTMLInputElement): void {
  // A click puts the cursor somewhere after it gave the keyboard.
  requestAnimationFrame(() => document.activeElement === field && field.select());
}
