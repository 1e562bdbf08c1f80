/* Hints: a database beside the evidence for lookups that would be slow in the events. Derived data is one, with more tables
 * after these; a stand-in for it (keys_older.h) is another. Nothing in it is believed without a voucher (vouch.h). */
#ifndef LEDGER_DEDUP_HINTS_H
#define LEDGER_DEDUP_HINTS_H

enum hints_table {
    HINTS_STATE,   /* text, a builder's name: its state */
    HINTS_KEYSEG,  /* be64 first seq: idempotency keys (segments.h) */
    HINTS_VOUCHER, /* u8 what, be64 first seq, u8 how many: why the others may be believed (vouch.h) */
    HINTS_TABLES
};
#define HINTS_NAMES "state", "keyseg", "voucher"

#endif
