/* libledger: the append-only, signed flight recorder of one machine, as a library. This header includes all others.
 *
 *   types.h    errors, bytes, values, memory       query.h   events by conditions, counts, SQL
 *   record.h   making, opening, appending          states.h  what is true, and on which events it rests
 *   read.h     events in order, as values or JSON  export.h  evidence bundles
 *   prove.h    checkpoints and proofs              care.h    corrections, erasure, artifacts, keys, backups
 *   verify.h   ledgers, proofs, bundles checked
 *
 * docs/library.md says what holds for all of them: threads, forks, ownership, and what stays the same between versions. */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include <ledger/care.h>
#include <ledger/export.h>
#include <ledger/prove.h>
#include <ledger/query.h>
#include <ledger/read.h>
#include <ledger/record.h>
#include <ledger/states.h>
#include <ledger/types.h>
#include <ledger/verify.h>
#include <ledger/version.h>

#endif
