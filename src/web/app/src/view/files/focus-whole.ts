/** Fields whose text is replaced more often than it is changed. */

/**
 * Of a press: gives the field the keyboard and no place in its text, so that
 * what its focus selects stays selected. At once: a key may follow at any time.
 */
export function focusWhole(event: MouseEvent & { currentTarget: HTMLInputElement }): void {
  if (document.activeElement === event.currentTarget) return;
  event.preventDefault();
  event.currentTarget.focus();
}
