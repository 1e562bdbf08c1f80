/* Commands that look after a ledger: init, key, trust, backup, restore, index, rebuild, attest, stats.
 *
 * Sees: call, print, open, log, view, act; not the commands beside it. Begin with init.c.
 *
 *   init, backup, restore  a new ledger; a copy; a copy that may continue
 *   packs_held             whether the files of the installed packs are there
 *   key                    the ledger's keys and authors' keys
 *   trust, trustforget     the user's trust file
 *   index                  the index that queries use: built, dropped, checked
 *   rebuild, attest        states replayed; their digests as events. projections reads their names
 *   stats                  sizes and counts
 *   metrics                how well the work goes: metrics.def has one statement for each figure; metrics_print
 *
 * Words. The "log key" signs every checkpoint; an "epoch key" signs those of its time and is replaced. The "origin" is
 * the log's name. */
#ifndef CLI_CARE_ROOM_H
#define CLI_CARE_ROOM_H

#endif
