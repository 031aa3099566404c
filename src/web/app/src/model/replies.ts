/**
 * What a terminal emulator answers by itself.
 *
 * A replay repeats what a program once asked (`where is the cursor?`); it was
 * answered then, and a second answer would be typed into the shell. Keys that
 * a person presses meanwhile must still count, and both come out of the
 * emulator by the same door, so they are told apart by their form.
 */

const REPLY =
  // CSI … c (attributes), n and R (status, cursor), t (window), x (parameters),
  // $y (modes), u after ? (keyboard flags), I and O (focus); then OSC and DCS.
  /^(?:\x1b\[(?:[?>=]?[\d;]*(?:[cnRtx]|\$y)|\?\d*u|[IO])|\x1b\].*(?:\x07|\x1b\\)|\x1bP.*\x1b\\)+$/s;

/** Whether this is an emulator's answer and no key. */
export function isReply(text: string): boolean {
  return REPLY.test(text);
}
