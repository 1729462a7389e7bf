/* The verbs, in the order of `recur help`. */
X(train)
X(generate)
X(classify)
X(eval)
X(inspect)
X(check)
X(help)
X(version)
