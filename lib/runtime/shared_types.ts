/**
 * Imports all types of shared objects. A worker may receive any of them, and the main isolate cleans up
 * after workers, whatever they had: also in a program that imports only a shelf of the package.
 *
 * @module
 */

import "../channels/mod.ts";
import "../memory/mod.ts";
import "../sync/mod.ts";
