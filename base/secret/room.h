/* Secret: the scanner that finds credentials in text, so that they are masked before anything is written.
 *
 * Sees: the files of base. No regular expressions, no allocation: one search for what secrets begin with, then
 * validators by hand.
 *
 * Begin with secret.h, the door; rules.def (secret_rules.def) has one row for each kind of credential, names.def the
 * names beside which a value is secret. Then search.c: how six places of a text cost one load.
 *
 *   search    the search over anchors, masks, what a message may show
 *   check     what validators are made of: alphabets, entropy, masks; check.h is the inside that all files share
 *   shape, context, option, number, seed, run   validators, by what makes a secret known
 *   encoded, view   secrets behind base64, percent signs, escapes and colours
 *   name, value, list, piece   secret by the name beside it, in lists, or in two pieces
 *
 * Words. Rule: one kind of credential. Anchor: three rare bytes that it holds at a known place. Hit: the bytes that
 * are secret. Mask: what stands for them afterwards. View: a text as it reads when it is decoded. Sieve: a coarse
 * look at a whole document. */
#ifndef BASE_SECRET_ROOM_H
#define BASE_SECRET_ROOM_H

#endif
