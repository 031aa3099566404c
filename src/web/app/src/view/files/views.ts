/** What the chunk of files gives to the page. */

import "../styles/files.css";
import "../styles/file-panes.css";

export { FilePanes } from "./panes";
export { FileTabs } from "./file-tabs";
export { Side } from "./side";
