/** The worker of pages that stay at the hub: the host's and the screen's. */

import { Connection } from "./connection.ts";
import { serve, WORLD } from "./worker_body.ts";

serve((joining, news) => new Connection(joining, WORLD, news));
