/** The Java client against a server: java Suite HOST:PORT. */
final class Suite {
    public static void main(String[] args) throws Exception {
        Cases.run(args[0], Basics.class, Kinds.class, Multis.class, Watches.class, Access.class, Sessions.class,
                Recipes.class);
    }
}
