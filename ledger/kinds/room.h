/* Kinds: the catalog. The kinds of events, what each is about, which fields it has, and which of them are open. Every
 * draft is checked against it before anything is sealed.
 *
 * Sees: store, tree (a field may be a verifier key), and base.
 *
 * Begin with kinds.def, the table, and kind.h, its reader. A new kind or field is a row; CONTRIBUTING.md has the
 * recipe.
 *
 *   index    the catalog sorted for lookups; built on first use
 *   check    one value against its row
 *   form     the forms that a subject may have; subject: what a body repeats of its subject
 *   sort     the way in: splits an input into open and private fields
 *   value    masking; memo: texts judged before; id: what the secret scanner skips
 *   slip     is a name nearly another one; near: what is reported then
 *   doc      the catalog as docs/kinds.md
 *   scope, tool_rule, grant   what a permission covers, and what a grant must say
 *   capability                tiers of machines and their limits, in a policy
 *
 * Words. Kind: "route.decided". Subject: what an event is about, "model/<name>". Open: readable in every proof;
 * private: hidden behind a commitment. Indexed: open and quick to search by. Decides: states are judged by it. Slip:
 * a typing error. */
#ifndef LEDGER_KINDS_ROOM_H
#define LEDGER_KINDS_ROOM_H

#endif
