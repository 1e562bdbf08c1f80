/* Where a ledger lives: on which machine, in which file. A directory that was copied (cp -a, rsync, a snapshot, a
 * restored volume, a cloned machine) holds the same keys and the same events, and if both continue there are two
 * histories under one name. So the evidence records the file that it was appended to, and an append in any other place is
 * refused before anything is signed. Decision 034 says what is recorded and what is left out.
 *
 * The record "place" in table meta is that of a cursor of this name (cursor.h), its value a canonical array:
 *   [1, machine bin 32 or 0, inode uint, born uint, file system uint], or [2]: a backup, which lives nowhere
 * machine is SHA-256("ledger/place/v1" 00 || the ledger's secret || machine id); 0 or no bytes: not known. */
#ifndef LEDGER_CORE_PLACE_H
#define LEDGER_CORE_PLACE_H

#include "ledger/core/core.h"

#define PLACE_RECORD "place"

struct place {
    bool backup;
    bool machine_known;
    uint8_t machine[EVENT_HASH];
    uint64_t inode, born, fs; /* of the database's file; 0: not known. born: ns */
};

/* The current place compared with the recorded one. */
struct place_standing {
    enum log_place place;
    bool known_machine, other_machine, known_file, other_file;
};

int place_decode(struct bytes record, struct place *ret, struct err *err);
/* Compares two places. */
void place_compare(const struct place *then, const struct place *now, struct place_standing *ret);
/* For the database of this transaction. Costs some system calls. */
int place_judge(const struct ledger *ledger, struct db_txn *txn, struct place_standing *ret, struct err *err);
/* ERR_ROLLBACK, with the two ways out, for LOG_PLACE_COPY and LOG_PLACE_BACKUP. */
int place_refuse(const struct place_standing *standing, struct err *err);
/* Records that the ledger lives here from this write transaction on. Creates the ledger's secret if there is none. */
int place_put(const struct ledger *ledger, struct db_txn *txn, struct err *err);
/* Records the place of a finished copy of the evidence in `dir`, not open yet, the next generation of what `txn` shows, if
 * that has a recorded place. ERR_ROLLBACK: the ledger does not live here. */
int place_carry(const struct ledger *ledger, struct db_txn *txn, const char *dir, struct err *err);
/* Records that this ledger, open for writing, is a backup. */
int place_put_backup(struct ledger *ledger, struct err *err);

#endif
