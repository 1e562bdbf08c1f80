/* Secret: the scanner that finds credentials in text, so that they are masked before anything is written.
 *
 * Sees: the files of base. No regular expressions, no allocation: one search for what secrets begin with, then
 * hand-written validators.
 *
 * Begin with secret.h, the door; rules.def has one row for each kind of credential, names.def the names that make a
 * value secret. Then search.c: how six places of a text cost one load.
 *   search    the search over anchors, masks, what a message may show
 *   check     what validators are made of: alphabets, entropy, masks; check.h has the internals that all files share
 *   shape, context, option, number, seed, run   validators, by how a secret is recognized
 *   encoded, view   secrets hidden by base64, percent signs, escapes and colours
 *   name, value, list, piece   secrets by the name next to them, in lists, or in pieces
 *
 * Words. Rule: one kind of credential. Anchor: three rare bytes that it has at a known place. Hit: the bytes that are
 * secret. Mask: what replaces them. View: a text after decoding. Prefilter: a coarse check of a whole document. */
#ifndef BASE_SECRET_ROOM_H
#define BASE_SECRET_ROOM_H

#endif
