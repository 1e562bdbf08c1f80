/* The public headers: what a program that uses the library includes, as <ledger/ledger.h> or one by one. They are
 * installed unchanged and include nothing internal; ledger/version.h is installed with them.
 *
 * Sees: nothing. Begin with ledger.h.
 *
 * Every name begins with ledger_ or LEDGER_. What is declared here is stable: `make abi` compares it with the dump in
 * share/abi. docs/library.md says what may change and how (decision 082). */
#ifndef LEDGER_ROOM_H
#define LEDGER_ROOM_H

#endif
