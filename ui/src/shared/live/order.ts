/**
 * Answers come in any order, and an old one must not take the place of a newer. Say `const counts = asked(question)` before
 * asking and go on only if `counts()`: not when another question is asked by now, nor when a later answer is shown already.
 */
export function inOrder(): (question?: unknown) => () => boolean {
  let last = 0;
  let shown = 0;
  let current: unknown;
  return (question) => {
    const mine = ++last;
    current = question;
    return () => {
      if (question !== current || mine < shown) return false;
      shown = mine;
      return true;
    };
  };
}
