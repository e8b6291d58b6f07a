/** Sharing a moment: the phone's own sheet, else the clipboard, else the person copies the link. */

type Sharing = Pick<Navigator, never> & {
  share?: (what: { url: string; title: string }) => Promise<void>;
  clipboard?: { writeText: (text: string) => Promise<void> };
};

/** What became of it; `nothing`: show the link. Both ways exist on secure pages only. */
export async function shareMoment(
  url: string,
  title: string,
  navigator: Sharing,
): Promise<"shared" | "copied" | "nothing"> {
  if (navigator.share !== undefined) {
    try {
      await navigator.share({ url, title });
      return "shared";
    } catch (error) {
      // Somebody closed the sheet: that is an answer.
      if (error instanceof Error && error.name === "AbortError") return "shared";
    }
  }
  try {
    if (navigator.clipboard === undefined) return "nothing";
    await navigator.clipboard.writeText(url);
    return "copied";
  } catch {
    return "nothing";
  }
}
