/* What commands that write events share: bodies from words, the author's key, previews.
 *
 * Sees: call, print, open, log, view. Begin with submit.h.
 *
 *   body      NAME=VALUE words and JSON, merged into one canonical map
 *   signer    --sign-as: an author's own key
 *   preview   --dry-run: what would be written
 *   decided   an event that records a decision, written only while the states still give it
 *   tripcodes --tripcode: the codes that permit steps of T3
 *   submit    all of these for a command that writes one step: permit, recovery, tripcode
 *
 * Words. A "draft" is an event before it is written. A "receipt" has seq, leaf, size and root. */
#ifndef CLI_ACT_ROOM_H
#define CLI_ACT_ROOM_H

#endif
