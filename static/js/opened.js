/**
 * The pairing code that the page was opened with, taken out of the address: it is a credential.
 */

import { takeCode } from "./config.js";

export const openedWith = takeCode(location, history);
