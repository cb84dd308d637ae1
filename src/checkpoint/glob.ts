/**
 * Whether a glob fits the whole text: `*` stands for any characters, `?` for one. Upper and lower case differ. Takes no
 * longer than the length of one times that of the other, whatever the stars.
 */
export function fitsGlob(glob: string, text: string): boolean {
  let [at, read] = [0, 0];
  let star: { readonly at: number; read: number } | undefined;
  while (read < text.length) {
    if (glob[at] === '*') {
      star = { at, read };
      at += 1;
    } else if (glob[at] === text[read] || glob[at] === '?') {
      at += 1;
      read += 1;
    } else if (star !== undefined) {
      // The last star takes one character more.
      star.read += 1;
      read = star.read;
      at = star.at + 1;
    } else return false;
  }
  return /^\**$/.test(glob.slice(at));
}
