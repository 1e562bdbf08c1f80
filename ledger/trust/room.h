/* Trust: what a verifier believes before it has read anything, and how a checkpoint is judged by it.
 *
 * Sees: tree and base of what lies below it; it reads no ledger. So the same judgement serves who has a whole ledger,
 * who has a bundle and who has one proof.
 *
 * Begin with trust.h: policy lines, keys, genesis leaves, known heads and authors, gathered from files and options.
 *
 *   policy  logs, witnesses, groups and the quorum: policy_data.c keeps them, policy_file.c reads and writes their
 *           text,
 *           policy_judge.c judges a checkpoint
 *   trust   all that a caller trusts
 *   anchor  is this the log that is meant?
 *
 * Words. Policy: a C2SP tlog-policy file. Trust file: the user's own, with the same lines and two more, genesis and
 * head. Quorum: the witnesses that must have signed. Anchored: some key or leaf that the caller trusts leads to this
 * log. Nothing in here ever comes from the evidence itself. */
#ifndef LEDGER_TRUST_ROOM_H
#define LEDGER_TRUST_ROOM_H

#endif
