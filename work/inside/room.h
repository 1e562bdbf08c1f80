/* The small program that runs inside the sandbox: the first process there, which starts the step's program and outlives
 * it by nothing.
 *
 * Sees: base. Begin with plan.h, which is all that the two sides say to each other; then main.c.
 *
 *   plan    what the outside tells the program inside, and the messages that come back
 *   image   the bytes of the program, which this program carries along
 *   main    the program: linked statically and alone, with nothing of the house
 *
 * Words. "Inside" is the sandbox, "outside" the process that asked for the step. The "keeper" is this small program, the
 * "program" the one that the step names. */
#ifndef WORK_INSIDE_ROOM_H
#define WORK_INSIDE_ROOM_H

#endif
