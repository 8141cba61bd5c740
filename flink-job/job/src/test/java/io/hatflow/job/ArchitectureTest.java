package io.hatflow.job;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls of the job module. */
@AnalyzeClasses(packages = "io.hatflow.job", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule nativeLibrariesStayBehindTheInferenceModule = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("ai.onnxruntime..", "ai.djl..")
            .because("the inference module owns sessions and tokenizers")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule kryoIsNeverUsed = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("com.esotericsoftware.kryo..")
            .because("every type on a stream has a serializer of its own, with a defined evolution")
            .allowEmptyShould(true);
}
