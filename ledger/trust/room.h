/* Trust: what a verifier believes before it has read anything, and how a checkpoint is judged by it.
 *
 * Sees: of the rooms below, only tree and base; it reads no ledger. So the same judgement serves a whole ledger, a bundle
 * and a single proof.
 *
 * Begin with trust.h: policy lines, keys, genesis leaves, known heads and authors, gathered from files and options.
 *
 *   policy  logs, witnesses, groups and the quorum: policy_data.c stores them, policy_file.c reads and writes their
 *           text, policy_judge.c judges a checkpoint
 *   trust   everything that a caller trusts
 *   anchor  is this the intended log?
 *
 * Words. Policy: a C2SP tlog-policy file. Trust file: the user's own, with the same lines and two more, genesis and
 * head. Quorum: the witnesses that must have signed. Anchored: some key or leaf that the caller trusts leads to this
 * log. None of it ever comes from the evidence itself. */
#ifndef LEDGER_TRUST_ROOM_H
#define LEDGER_TRUST_ROOM_H

#endif
