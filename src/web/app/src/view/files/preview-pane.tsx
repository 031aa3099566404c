/** Pictures, PDF, sound and video, by an address that needs no key. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { App } from "../../actions/app";
import type { OpenFile } from "../../actions/files/document";
import type { Files } from "../../actions/files/files";
import { hasSource, type Preview } from "../../model/files/kinds";
import { shown } from "../../model/files/paths";
import { FileError, ticket } from "../../net/files/http";
import { Sentence } from "../sentence";
import { PaneBar } from "./pane-bar";

type As = Exclude<Preview, "text">;

/** Shows what the browser itself can show. */
export function PreviewPane({ app, files, file, as }: { app: App; files: Files; file: OpenFile; as: As }) {
  const [problem, setProblem] = useState<string | null>(null);
  const url = useTicket(file, app.session.ready.value !== null, setProblem);
  return (
    <>
      <PaneBar app={app} files={files} file={file}>
        {hasSource(file.name.value) && (
          <button type="button" class="small" onClick={() => void file.showSource(true)}>
            Source
          </button>
        )}
      </PaneBar>
      {problem !== null ? (
        <div class="pane-words" role="alert">
          <p>
            <strong>{shown(file.name.value)}</strong> cannot be previewed: <Sentence text={problem} />
          </p>
          <div class="buttons">
            <button type="button" onClick={() => void files.download([file.path.value], () => false)}>
              Download
            </button>
            <button type="button" onClick={() => void file.showBytes()}>
              Show bytes
            </button>
          </div>
        </div>
      ) : (
        url !== null && <Viewer key={url} url={url} as={as} name={shown(file.name.value)} failed={setProblem} />
      )}
    </>
  );
}

function Viewer({ url, as, name, failed }: { url: string; as: As; name: string; failed: (why: string) => void }) {
  const cannot = () => failed("this browser cannot show it");
  if (as === "image") return <Picture url={url} name={name} cannot={cannot} />;
  if (as === "pdf") return <iframe class="pdf" src={url} title={name} />;
  if (as === "audio") {
    return (
      <div class="pane-words">
        <audio controls src={url} onError={cannot} />
      </div>
    );
  }
  return (
    <div class="film">
      <video controls src={url} onError={cannot} />
    </div>
  );
}

function Picture({ url, name, cannot }: { url: string; name: string; cannot: () => void }) {
  const [zoom, setZoom] = useState<number | null>(null);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const image = useRef<HTMLImageElement>(null);
  const scale = () => zoom ?? (image.current && size ? image.current.clientWidth / size.width : 1);
  const by = (factor: number) => setZoom(Math.min(32, Math.max(0.02, scale() * factor)));
  const style = zoom === null || !size ? {} : { width: `${size.width * zoom}px`, height: `${size.height * zoom}px` };
  return (
    <>
      <div
        class={`picture ${zoom === null ? "picture-fit" : ""}`}
        tabIndex={0}
        onWheel={(event) => {
          if (!event.ctrlKey) return;
          event.preventDefault();
          by(event.deltaY < 0 ? 1.15 : 1 / 1.15);
        }}
        onKeyDown={(event) => {
          if (event.key === "+" || event.key === "=") by(1.25);
          else if (event.key === "-") by(0.8);
          else if (event.key === "0") setZoom(null);
          else if (event.key === "1") setZoom(1);
        }}
      >
        <img
          ref={image}
          src={url}
          alt={name}
          draggable={false}
          class={zoom !== null && zoom >= 4 ? "picture-pixels" : ""}
          style={style}
          onLoad={(event) => {
            const { naturalWidth: width, naturalHeight: height } = event.currentTarget;
            setSize({ width: width || 300, height: height || 300 });
          }}
          onError={cannot}
          onDblClick={() => setZoom(zoom === null ? 1 : null)}
        />
      </div>
      <footer class="status-line">
        <div class="page-bar">
          <button type="button" class="small" aria-pressed={zoom === null} onClick={() => setZoom(null)}>
            Fit
          </button>
          <button type="button" class="small" aria-pressed={zoom === 1} onClick={() => setZoom(1)}>
            100%
          </button>
          <button type="button" class="small" aria-label="Smaller" onClick={() => by(0.8)}>
            −
          </button>
          <button type="button" class="small" aria-label="Larger" onClick={() => by(1.25)}>
            +
          </button>
          <span class="aside">
            {size && `${size.width} × ${size.height}`}
            {zoom !== null && `, ${Math.round(zoom * 100)}%`}
          </span>
        </div>
      </footer>
    </>
  );
}

function useTicket(file: OpenFile, isReachable: boolean, failed: (why: string | null) => void): string | null {
  const [url, setUrl] = useState<string | null>(null);
  const version = file.version.value;
  const path = file.path.value;
  const wanted = `${path} ${version}`;
  const had = useRef("");
  useEffect(() => {
    if (!isReachable || had.current === wanted) return;
    let isOver = false;
    ticket(path, "preview").then(
      (address) => {
        if (isOver) return;
        had.current = wanted;
        failed(null);
        setUrl(address);
      },
      (error: unknown) => {
        if (!(error instanceof FileError)) throw error;
        if (!isOver && error.code !== 0) failed(error.message);
      },
    );
    return () => (isOver = true);
  }, [wanted, isReachable]);
  return url;
}
