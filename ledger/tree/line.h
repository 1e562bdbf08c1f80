/* Lines: the text formats of this folder (range proofs, checkpoints, tlog-proofs, key files, policies) are read line by
 * line, and their errors name the line. */
#ifndef LEDGER_TREE_LINE_H
#define LEDGER_TREE_LINE_H

#include "base/bytes.h"

struct line_reader {
    struct bytes rest; /* what has not been read */
    size_t number;     /* of the last line returned; the first is 1 */
};

void line_init(struct line_reader *reader, struct bytes text);
/* The next line without its LF. False, with nothing consumed, when no LF is left; a caller that accepts a last line without
 * LF reads `rest`. */
bool line_next(struct line_reader *reader, struct bytes *ret);
/* Cuts the next field off *line: the bytes before the first space (or all of them), and the space itself. False when
 * the line has ended. Two spaces give an empty field. */
bool line_field(struct bytes *line, struct bytes *ret);

#endif
