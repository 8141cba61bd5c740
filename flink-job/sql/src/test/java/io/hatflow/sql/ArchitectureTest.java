package io.hatflow.sql;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls of the SQL module. */
@AnalyzeClasses(packages = "io.hatflow.sql", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule servesAnyTable = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..", "org.apache.avro..", "io.hatflow.events..", "io.hatflow.job..")
            .because("tables, formats and connectors are Flink's");

    @ArchTest
    static final ArchRule leavesModelsToTheOperator = noClasses()
            .should()
            .dependOnClassesThat(resideInAPackage("ai.onnxruntime..").or(resideInAPackage("ai.djl..")))
            .because("the pool opens bundles");
}
