/* An author's own signing key, as the public header hands it out. */
#ifndef LEDGER_CORE_AUTHOR_H
#define LEDGER_CORE_AUTHOR_H

#include "ledger/signing/keyfile.h"

struct log_author {
    struct signer signer;
};

#endif
