/** The page: sign-in, progress or workspace. */

import type { App } from "../actions/app";
import { isLoggedIn } from "../model/status";
import { workspaceView } from "./load-workspace";
import { Progress } from "./progress";
import { SignIn } from "./sign-in";

/**
 * Chooses the face.
 *
 * The workspace is built below the progress page while the server is being
 * reached, because a terminal needs a place to be measured and drawn; it is
 * uncovered when it is usable and then stays, whatever happens.
 */
export function Page({ app }: { app: App }) {
  if (app.stage.value === "signin") return <SignIn app={app} />;
  const isUsable = app.wasUsable.value;
  const status = app.session.seen.value?.status;
  const hasWork = isUsable || (status !== undefined && isLoggedIn(status));
  const WorkspaceView = workspaceView.value;
  return (
    <>
      {hasWork && WorkspaceView && <WorkspaceView app={app} />}
      {!isUsable && <Progress app={app} />}
    </>
  );
}
