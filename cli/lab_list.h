/* The experiments, in the order of `recur lab`. */
X(adding)
X(copy)
X(parity)
X(images)
X(gradients)
