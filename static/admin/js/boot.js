/**
 * The admin page's entry. The code is out of the address before anything else happens.
 */

import { takeLink } from "./link.js";

const link = takeLink(location, history);

async function boot() {
  const [{ Api }, { AdminPage }] = await Promise.all([import("./api.js"), import("./main.js")]);
  await new AdminPage(new Api((input, init) => fetch(input, init), localStorage)).start(link);
}

void boot();
