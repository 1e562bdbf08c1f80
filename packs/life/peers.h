/* The other installed packs, and whether a set of packs holds together. */
#ifndef PACKS_LIFE_PEERS_H
#define PACKS_LIFE_PEERS_H

#include "packs/life/installed.h"
#include "packs/resolve/resolve.h"

#define PEERS_MAX 10000

enum peer_part {
    PEER_STAYS,
    PEER_LEAVES, /* installed, and replaced or removed by the change */
    PEER_COMES   /* not installed yet; its manifest is borrowed */
};
struct peer {
    struct manifest *manifest;
    enum peer_part part;
};
/* Zeroed is empty. */
struct peers {
    struct peer *list;
    size_t n, cap;
    struct bytes leaves; /* its name; borrowed */
    bool leaves_unread;  /* it is installed, and what it provides cannot be read */
    struct buf unread;   /* "pack 'q' was installed as ..., now ...; ...": those that cannot be read */
};

/* Reads all installed packs, each byte compared. `leaves`: what is replaced or removed, if it is there; borrowed. */
int peers_read(struct state_view *view, const char *ledger_dir, struct bytes leaves, struct peers *ret, struct err *err);
/* Adds a pack that is to be installed; its manifest is borrowed. */
int peers_propose(struct peers *peers, struct manifest *manifest, struct err *err);
void peers_done(struct peers *peers);

/* Can all that stay and come be installed together, as far as they name one another? What one that stays requires counts where
 * it is there before the change. False: `out` gets the requirements that clash, with
 * "; " in between. True: `out` gets what was chosen: "a 1.0.0, b 2.1.0". */
int peers_agree(const struct peers *peers, bool *ret, struct buf *out, struct err *err);
/* Appends what the machine lacks for the pack, and of what that is not known, a line (LF) each. */
int peers_lack(const struct manifest_pack *pack, const struct resolve_facts *facts, struct buf *lacks, struct buf *unsure,
               struct err *err);

#endif
