/** A link to be passed on: its code to scan, its text to read, and a button that copies it. */

import { useMemo, useState } from "preact/hooks";
import { useWords } from "../../i18n/words.ts";
import { codeOf } from "./code.ts";

export function LinkCard({ link, name }: { link: string; name: string }) {
  const { say } = useWords();
  const code = useMemo(() => codeOf(link), [link]);
  return (
    <div class="link-card">
      <svg
        class="qr"
        viewBox={`0 0 ${code.size} ${code.size}`}
        role="img"
        aria-label={say("invites.qr", { name })}
        shape-rendering="crispEdges"
      >
        <path d={code.path} />
      </svg>
      <p class="link">
        <a href={link}>{link}</a>
      </p>
      <CopyButton link={link} name={name} />
    </div>
  );
}

export function CopyButton({ link, name }: { link: string; name: string }) {
  const { say } = useWords();
  const [copied, setCopied] = useState("");
  // The clipboard wants a secure context; elsewhere the link can be selected.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard === undefined) return null;
  const isCopied = copied === link;
  return (
    <button
      type="button"
      class="small"
      aria-label={isCopied ? undefined : say("invites.copy_name", { name })}
      onClick={() => clipboard.writeText(link).then(() => setCopied(link))}
    >
      {say(isCopied ? "host.copied" : "host.copy")}
    </button>
  );
}
