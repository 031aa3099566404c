/** Time that ticks on screen. */

import { useEffect, useState } from "preact/hooks";

/** `performance.now()`, refreshed every `everyMs` while the component lives. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
