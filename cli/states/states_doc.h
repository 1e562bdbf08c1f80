/* The tables of states as a document: the part of docs/states.md that is generated. */
#ifndef CLI_STATES_STATES_DOC_H
#define CLI_STATES_STATES_DOC_H

#include "base/bytes.h"

/* Appends Markdown: each projection, its tables, their columns. */
void states_doc(struct buf *out);

#endif
