/* An author's own signing key, as the public header hands it out. */
#ifndef LEDGER_AUTHOR_H
#define LEDGER_AUTHOR_H

#include "ledger/keyfile.h"

struct ledger_author {
    struct signer signer;
};

#endif
