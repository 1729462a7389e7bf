X(lm)
X(classify)
